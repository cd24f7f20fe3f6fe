// Included before everything else where C++ is compiled against the headers of Node 24.19 or a later 24 (see
// binding.mjs).
//
// Their node::ObjectWrap registers a cleanup hook in its constructor and removes it in its destructor. The
// destructor runs in the garbage collector, where no context may be entered, and RemoveEnvironmentCleanupHook
// then aborts the process: "Assertion failed: (env) != nullptr" (nodejs/node#65446). Without the hook an
// ObjectWrap is what it was up to 24.18: better-sqlite3 has a hook of its own that closes its databases when
// an environment ends.
#ifdef __cplusplus
#include <node.h>
#define AddEnvironmentCleanupHook(...) static_cast<void>(0)
#define RemoveEnvironmentCleanupHook(...) static_cast<void>(0)
#include <node_object_wrap.h>
#undef AddEnvironmentCleanupHook
#undef RemoveEnvironmentCleanupHook
#endif
