import { Agent, type Model, tool } from "@openai/agents-core";
import { z } from "zod";

/** An agent that asks a person before it deletes something. */
export function assistant(model: Model) {
  const deletePage = tool({
    name: "delete_page",
    description: "Deletes a page of the wiki.",
    parameters: z.object({ page: z.string() }),
    needsApproval: true,
    execute: async ({ page }) => `${page} is deleted.`,
  });
  return new Agent({ name: "Librarian", instructions: "Keep the wiki tidy.", model, tools: [deletePage] });
}
