import { appendCases } from "./cases/append.ts";
import { boundsCases } from "./cases/bounds.ts";
import { closeCases } from "./cases/close.ts";
import { concurrencyCases } from "./cases/concurrency.ts";
import { copyCases } from "./cases/copies.ts";
import { countByCases } from "./cases/count-by.ts";
import { createCases } from "./cases/create.ts";
import { deleteCases } from "./cases/delete.ts";
import { epochCases } from "./cases/epoch.ts";
import { fairnessCases } from "./cases/fairness.ts";
import { filterCases } from "./cases/filter.ts";
import { followerCases } from "./cases/followers.ts";
import { handleCases } from "./cases/handles.ts";
import { headCases } from "./cases/heads.ts";
import { hostileCases } from "./cases/hostile.ts";
import { idCases } from "./cases/ids.ts";
import { labelCases } from "./cases/label.ts";
import { limitCases } from "./cases/limits.ts";
import { listCases } from "./cases/list.ts";
import { missingCases } from "./cases/missing.ts";
import { modelCases } from "./cases/model.ts";
import { readEntriesCases } from "./cases/read-entries.ts";
import { readOnlyCases } from "./cases/read-only.ts";
import { refusalCases } from "./cases/refusals.ts";
import { repeatCases } from "./cases/repeat.ts";
import { replaceCases } from "./cases/replace.ts";
import { replaceTailCases } from "./cases/replace-tail.ts";
import { searchCases } from "./cases/search.ts";
import { searchPageCases } from "./cases/search-pages.ts";
import { timeCases } from "./cases/time.ts";
import { truncateCases } from "./cases/truncate.ts";
import { updateCases } from "./cases/update.ts";
import { valueCases } from "./cases/values.ts";
import { versionCases } from "./cases/version.ts";
import { watchCases } from "./cases/watch.ts";
import type { ConformanceCase } from "./conformance-case.ts";

/** Every case, group by group. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...missingCases,
  ...idCases,
  ...createCases,
  ...updateCases,
  ...appendCases,
  ...replaceTailCases,
  ...repeatCases,
  ...limitCases,
  ...readEntriesCases,
  ...truncateCases,
  ...replaceCases,
  ...deleteCases,
  ...listCases,
  ...headCases,
  ...filterCases,
  ...countByCases,
  ...searchCases,
  ...searchPageCases,
  ...versionCases,
  ...epochCases,
  ...labelCases,
  ...timeCases,
  ...copyCases,
  ...valueCases,
  ...refusalCases,
  ...boundsCases,
  ...hostileCases,
  ...concurrencyCases,
  ...fairnessCases,
  ...watchCases,
  ...closeCases,
  ...handleCases,
  ...readOnlyCases,
  ...followerCases,
  ...modelCases,
];
