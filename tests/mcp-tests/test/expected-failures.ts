// What of the suite a server cannot pass that was not made for it: nearly all of its scenarios call tools,
// read resources and get prompts of fixed names, which the suite asks its servers to have. A key is a
// scenario, and after a colon the check where that is called otherwise. The value is the part of the suite's
// message that says what is missing: a check that fails for another reason is a failure.
//
// With each scenario goes a check of every message against the schema of the protocol. It is never expected
// to fail, nor are the checks of a scenario that are not named here.

export type ExpectedFailures = Readonly<Record<string, string>>;

/** Fixtures of both revisions: tools, resources and prompts. */
const OF_BOTH: ExpectedFailures = {
  "tools-call-simple-text": "Tool test_simple_text not found",
  "tools-call-image": "Tool test_image_content not found",
  "tools-call-audio": "Tool test_audio_content not found",
  "tools-call-embedded-resource": "Tool test_embedded_resource not found",
  "tools-call-mixed-content": "Tool test_multiple_content_types not found",
  "tools-call-error": "Tool test_error_handling not found",
  "tools-call-with-progress": "Tool test_tool_with_progress not found",
  "json-schema-2020-12:json-schema-2020-12-tool-found": "Tool 'json_schema_2020_12_tool' not found",
  "resources-read-text": "Resource not found: test://static-text",
  "resources-read-binary": "Resource not found: test://static-binary",
  "resources-templates-read": "Resource not found: test://template/123/data",
  "prompts-get-simple": "Prompt test_simple_prompt not found",
  "prompts-get-with-args": "Prompt test_prompt_with_arguments not found",
  "prompts-get-embedded-resource": "Prompt test_prompt_with_embedded_resource not found",
  "prompts-get-with-image": "Prompt test_prompt_with_image not found",
  // Completes an argument of that prompt.
  "completion-complete": "Prompt test_prompt_with_arguments not found",
};

const OF_2025_11_25: ExpectedFailures = {
  ...OF_BOTH,
  // Tools that ask the client for something.
  "tools-call-sampling": "Tool test_sampling not found",
  "tools-call-elicitation": "Tool test_elicitation not found",
  "elicitation-sep1034-defaults:elicitation-sep1034-general":
    "Tool test_elicitation_sep1034_defaults not found",
  "elicitation-sep1330-enums:elicitation-sep1330-general": "Tool test_elicitation_sep1330_enums not found",
  // Sets the level of the messages of a tool that logs, test_tool_with_logging. No tool here logs, so the
  // server does not offer `logging`, which is optional.
  "logging-set-level": "Method not found",
  "tools-call-with-logging": "Method not found",
  // Subscribe to test://watched-resource. The server does not offer `resources.subscribe`, which is optional.
  "resources-subscribe": "Method not found",
  "resources-unsubscribe": "Method not found",
  // Warnings: these look at streams that are resumed, for which the suite's server keeps something between
  // two requests (and has a tool that disconnects, test_reconnection).
  "server-sse-polling:server-sse-polling-session": "Server did not provide session ID",
  "server-sse-polling:server-sse-priming-event": "Server did not send priming event",
  "server-sse-multiple-streams:server-sse-multiple-streams-session": "Server did not provide session ID",
};

const OF_2026_07_28: ExpectedFailures = {
  ...OF_BOTH,
  // Three tools with which a server shows what it does when a client cannot do something, when it asks within
  // a stream, and when it logs. The other checks of this scenario, over twenty, have to pass.
  "server-stateless:sep-2575-server-rejects-undeclared-capability": "tool 'test_missing_capability'",
  "server-stateless:sep-2575-missing-capability-http-400": "tool 'test_missing_capability'",
  "server-stateless:sep-2575-http-server-no-independent-requests-on-stream":
    "tool 'test_streaming_elicitation'",
  "server-stateless:sep-2575-server-no-log-without-loglevel": "tool 'test_logging_tool'",
  // Skipped: no list of this server changes while it runs.
  "server-stateless:sep-2575-server-sends-prompts-list-changed-on-subscription":
    "Server did not declare prompts.listChanged",
  "server-stateless:sep-2575-server-sends-tools-list-changed-on-subscription":
    "Server did not declare tools.listChanged",
  // A tool with a parameter that clients send as a header too.
  "http-custom-header-server-validation:sep-2243-server-no-xmcp-tool":
    "no tool with x-mcp-header annotations",
  "http-custom-header-server-validation:sep-2243-server-decode-base64":
    "no tool with x-mcp-header annotations",
  "http-custom-header-server-validation:sep-2243-server-validate-param-match":
    "no tool with x-mcp-header annotations",
  "http-custom-header-server-validation:sep-2243-server-reject-invalid-param-chars":
    "no tool with x-mcp-header annotations",
  "http-custom-header-server-validation:sep-2243-server-reject-param-mismatch":
    "no tool with x-mcp-header annotations",
  // Tools and a prompt that ask for more before they answer.
  "input-required-result-basic-elicitation:sep-2322-elicitation-incomplete":
    "Tool test_input_required_result_elicitation not found",
  "input-required-result-result-type:sep-2322-result-type-included":
    "Tool test_input_required_result_elicitation not found",
  "input-required-result-basic-sampling:sep-2322-sampling-incomplete":
    "Tool test_input_required_result_sampling not found",
  "input-required-result-basic-list-roots:sep-2322-list-roots-incomplete":
    "Tool test_input_required_result_list_roots not found",
  "input-required-result-request-state:sep-2322-request-state-incomplete":
    "Tool test_input_required_result_request_state not found",
  "input-required-result-multiple-input-requests:sep-2322-multiple-inputs-incomplete":
    "Tool test_input_required_result_multiple_inputs not found",
  "input-required-result-non-tool-request:sep-2322-non-tool-incomplete":
    "Prompt test_input_required_result_prompt not found",
  "input-required-result-capability-check:sep-2322-respect-client-capabilities":
    "Tool test_input_required_result_capabilities not found",
  // The same of the tools test_input_required_result_multi_round and
  // test_input_required_result_tampered_state, which the messages do not name.
  "input-required-result-multi-round:sep-2322-multi-round-r1": "Expected InputRequiredResult",
  "input-required-result-tampered-state:sep-2322-reject-tampered-state":
    "could not get initial InputRequiredResult",
  // Warnings, of the tool of the first of them.
  "input-required-result-missing-input-response:sep-2322-missing-response-rerequests":
    "instead of re-requesting via InputRequiredResult",
  "input-required-result-ignore-extra-params:sep-2322-ignore-unexpected-params":
    "Tool test_input_required_result_elicitation not found",
};

/** By the revision of the protocol. */
export const EXPECTED_FAILURES: Readonly<Record<string, ExpectedFailures>> = {
  "2025-11-25": OF_2025_11_25,
  "2026-07-28": OF_2026_07_28,
};
