// What the candidates of bench/src/peers/candidates load of other people's packages. It stands here so that
// the names are looked up in this folder, which the workspace does not know.
export const adk = () => import("@google/adk");
export const mikroOrmLibsql = () => import("@mikro-orm/libsql");
export const langchainMessages = () => import("@langchain/core/messages");
export const langgraph = () => import("@langchain/langgraph-checkpoint");
export const langgraphPostgres = () => import("@langchain/langgraph-checkpoint-postgres");
export const langgraphSqlite = () => import("@langchain/langgraph-checkpoint-sqlite");
export const libsql = () => import("@libsql/client");
export const mastra = () => import("@mastra/libsql");
export const mastraPostgres = () => import("@mastra/pg");
export const openai = () => import("@openai/agents-core");
