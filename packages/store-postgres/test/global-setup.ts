export { setup, teardown } from "@thulp-sessions/testing-postgres/shared-server";
