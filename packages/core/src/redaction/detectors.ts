/** What may be nobody else's business. */
export const FINDING_KINDS = ["secret", "email", "home", "host"] as const;
/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** How one sort of text is recognised. */
export interface Detector {
  readonly kind: FindingKind;
  /** What a person calls it. */
  readonly name: string;
  /** Its first group is what was found, where it has one; flags `dg`. Linear in the length of a text. */
  readonly pattern: RegExp;
  /** Must stand in a text in which the pattern is found: most texts are passed over by it. */
  readonly hint?: string;
  /**
   * Whether a value that the pattern has found is a secret with hardly a doubt; absent where the pattern
   * alone says so. What a person looks through shows the others too, what is masked unseen leaves them.
   */
  readonly isSure?: (value: string) => boolean;
}

// Every pattern begins where no letter of the same sort stands before it, and ends after a bounded number of
// steps: contents are of anybody, and may be of 16 MB.
const NAMES =
  "(?:password|passwd|secret|api[_-]?key|access[_-]?key|(?:access|auth|refresh)[_-]?token|client[_-]?secret)";

const token = (name: string, hint: string, text: string): Detector => ({
  kind: "secret",
  name,
  pattern: new RegExp(`(?<![\\w-])${text}`, "dg"),
  hint,
});

/**
 * What is looked for, in the order in which one goes before another. Best effort: a secret that looks like
 * any other word is not found.
 */
export const DETECTORS: readonly Detector[] = [
  {
    kind: "secret",
    name: "private key",
    hint: "PRIVATE KEY-----",
    pattern:
      /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=\s\\:,]|-(?!----)){0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/dg,
  },
  token("key of AWS", "A", "(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"),
  token("token of GitHub", "gh", "gh[pousr]_[A-Za-z0-9]{30,255}"),
  token("token of GitHub", "github_pat_", "github_pat_[A-Za-z0-9_]{22,255}"),
  token("token of GitLab", "gl", "gl(?:pat|dt|rt|cbt|ptt|soat)-[\\w-]{20,100}"),
  token("key of a model's API", "sk-", "sk-(?=[\\w-]{0,60}\\d)[\\w-]{20,255}"),
  token("key of a model's API", "gsk_", "gsk_[A-Za-z0-9]{40,64}"),
  token("key of a model's API", "xai-", "xai-[A-Za-z0-9]{60,100}"),
  token("key of a model's API", "pplx-", "pplx-[A-Za-z0-9]{40,64}"),
  token("key of a model's API", "r8_", "r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])"),
  token("token of Slack", "xox", "xox[abeoprs]-[A-Za-z0-9-]{10,255}"),
  token("token of Slack", "xapp-", "xapp-\\d-[A-Za-z0-9-]{20,255}"),
  token("key of Google", "AIza", "AIza[\\w-]{35}"),
  token("token of Google", "ya29.", "ya29\\.[\\w-]{20,2000}"),
  token("key of Google", "GOCSPX-", "GOCSPX-[\\w-]{28}"),
  token("token of npm", "npm_", "npm_[A-Za-z0-9]{36}"),
  token("token of PyPI", "pypi-", "pypi-[\\w-]{50,500}"),
  token("token of Hugging Face", "hf_", "hf_[A-Za-z0-9]{30,100}"),
  token("key of Stripe", "k_", "[rs]k_(?:live|test)_[A-Za-z0-9]{10,255}"),
  token("key of Stripe", "whsec_", "whsec_[A-Za-z0-9+/]{32,100}={0,2}"),
  token("token of 1Password", "ops_", "ops_eyJ[\\w-]{100,4000}"),
  token("token of Atlassian", "ATATT3", "ATATT3[\\w=-]{50,500}"),
  token("token of Databricks", "dapi", "dapi[0-9a-f]{32}(?:-\\d)?(?![0-9A-Za-z])"),
  token("token of DigitalOcean", "_v1_", "do[opr]_v1_[0-9a-f]{64}"),
  token("token of Docker", "dckr_", "dckr_(?:pat|oat)_[\\w-]{20,100}"),
  token("token of Figma", "fig", "fig[dor]_[\\w-]{40,60}"),
  token("token of Grafana", "gl", "glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}"),
  token("token of Grafana", "glc_", "glc_[A-Za-z0-9+/]{32,400}={0,2}"),
  token("token of Vault", "hv", "hv[sbr]\\.[\\w-]{24,500}"),
  token("key of Linear", "lin_", "lin_(?:api|oauth)_[A-Za-z0-9]{32,100}"),
  token("token of Notion", "ntn_", "ntn_[A-Za-z0-9]{40,60}"),
  token("key of SendGrid", "SG.", "SG\\.[\\w-]{16,32}\\.[\\w-]{32,64}"),
  token("token of Shopify", "shp", "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
  token("token of Supabase", "sb", "sb(?:p|_secret)_[A-Za-z0-9_-]{30,100}"),
  token("key of Tailscale", "tskey-", "tskey-[a-z]{3,12}-[\\w-]{16,100}"),
  token("token of Telegram", ":AA", "\\d{8,10}:AA[\\w-]{33}(?![\\w-])"),
  token("key of Twilio", "SK", "SK[0-9a-f]{32}(?![0-9A-Za-z])"),
  token("key of age", "AGE-SECRET-KEY-", "AGE-SECRET-KEY-1[0-9A-Z]{58}"),
  token("JSON Web Token", "eyJ", "eyJ[\\w-]{8,4000}\\.[\\w-]{8,8000}\\.[\\w-]{4,2000}"),
  {
    kind: "secret",
    name: "address of a webhook",
    hint: "hooks",
    pattern:
      /https:\/\/(?:hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,100}|discord(?:app)?\.com\/api\/webhooks\/\d{10,25}\/[\w-]{40,100})/dg,
  },
  {
    kind: "secret",
    name: "key of a storage account",
    hint: "AccountKey=",
    pattern: /AccountKey=([A-Za-z0-9+/]{86}==)/dg,
  },
  {
    kind: "secret",
    name: "basic authorization",
    hint: "asic ",
    pattern: /[Aa]uthorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?[Bb]asic ([A-Za-z0-9+/]{8,1000}={0,2})/dg,
  },
  {
    kind: "secret",
    name: "bearer token",
    hint: "earer",
    pattern: /(?<![\w-])[Bb]earer\s{1,4}([\w.~+/=-]{16,4000})/dg,
    isSure: looksRandom,
  },
  {
    kind: "secret",
    name: "password in an address",
    hint: "://",
    pattern: /(?<=:\/\/[^\s/:@]{1,64}:)([^\s/@]{1,200})(?=@)/dg,
    isSure: isNoPlaceholder,
  },
  {
    kind: "secret",
    name: "secret by its name",
    hint: '":',
    // A member of JSON, as it stands in a text.
    pattern: new RegExp(`(?<![A-Za-z])${NAMES}"\\s{0,4}:\\s{0,4}"((?:[^"\\\\]|\\\\.){6,2000})"`, "dgis"),
    isSure: isNoPlaceholder,
  },
  {
    kind: "secret",
    name: "secret by its name",
    hint: '\\"',
    // The same within a string of JSON.
    pattern: new RegExp(
      `(?<![A-Za-z])${NAMES}(?:\\\\"\\s{0,4}:\\s{0,4}\\\\")((?:[^"\\\\]|\\\\(?!")){6,2000})\\\\"`,
      "dgi",
    ),
    isSure: isNoPlaceholder,
  },
  {
    kind: "secret",
    name: "secret by its name",
    pattern: new RegExp(
      `(?<![A-Za-z])${NAMES}["']?\\s{0,4}[:=]\\s{0,4}\\\\?["']?([^\\s\\\\"',;<>(){}[\\]]{6,200})`,
      "dgi",
    ),
    isSure: looksRandom,
  },
  {
    kind: "email",
    name: "e-mail address",
    hint: "@",
    pattern:
      /(?<![\w.%+-])[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![\w-])/dg,
  },
  {
    kind: "home",
    name: "home folder",
    pattern:
      /(?<![\w.~])(?:\/home\/|\/Users\/|[A-Za-z]:[\\/]{1,2}Users[\\/]{1,2})[^\s/\\"'`:;,<>|*?()[\]{}]{1,64}/dg,
  },
  {
    kind: "host",
    name: "host of an address",
    hint: "://",
    pattern:
      /(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}:\/\/(?:[^\s/@]{1,300}@)?(?!(?:localhost|127\.0\.0\.1)(?![\w.-]))([A-Za-z0-9](?:[\w.-]{0,251}[A-Za-z0-9])?)/dg,
  },
  {
    kind: "host",
    name: "name of a machine",
    pattern: /(?<![\w.-])(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:local|internal|intranet|lan|corp)(?![\w-])/dg,
  },
  {
    kind: "host",
    name: "address of a machine",
    pattern:
      /(?<![\w.])(?!127\.|0\.0\.0\.0)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])/dg,
  },
];

/** The key of a value that is a secret whatever it looks like. */
export const SECRET_KEY =
  /(?:^|[_-]|(?<=[a-z])(?=[A-Z]))(?:password|passwd|secret|api[_-]?key|private[_-]?key|access[_-]?key|(?:access|auth|refresh)[_-]?token|client[_-]?secret)$/i;

/** What stands in texts where a secret would, and is none: a variable, a word to be replaced, a mask. */
const PLACEHOLDER =
  /^(?:\$\{?\w{1,100}\}?|%\w{1,100}%|\{\{.{1,100}\}\}|<.{1,100}>|\[.{1,100}\]|your[ _-].{1,100}|process\.env\b.{0,100}|os\.(?:environ|getenv)\b.{0,100}|(.)\1{0,200}|(?:redacted|changeme|example|undefined|required|optional|string|boolean|number|null|none|true|false|password|secret|token|api_?key))$/is;

/** Is it no text that only says where a secret would stand? */
export function isNoPlaceholder(value: string): boolean {
  return !PLACEHOLDER.test(value);
}

/** Does it look like something that a machine has made up, and not like a word or a name in a program? */
function looksRandom(value: string): boolean {
  return (
    value.length >= 8 &&
    /\d/.test(value) &&
    /[A-Za-z]/.test(value) &&
    !/^[\w-]+(?:\.[A-Za-z_][\w-]*)+$|\$/.test(value) &&
    isNoPlaceholder(value)
  );
}
