import { z } from "zod";

/**
 * The schema of an array that is checked up to its first mistake. `z.array` makes an object of each one, and
 * a hostile request may have millions.
 *
 * @param isUsual of an item which the schema would give back as it is: where there may be thousands, asking
 * the schema about each would be most of what the call costs.
 */
export function arrayOf<Out, In>(
  item: z.ZodType<Out, In>,
  isUsual: (value: unknown) => value is Out = (_): _ is Out => false,
): z.ZodType<Out[], In[]> {
  const schema = z.unknown().transform((value, context): Out[] => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: "custom", message: "expected an array" });
      return z.NEVER;
    }
    const items: Out[] = [];
    for (let i = 0; i < value.length; i++) {
      if (isUsual(value[i])) {
        items.push(value[i]);
        continue;
      }
      const result = item.safeParse(value[i]);
      if (result.success) items.push(result.data);
      else {
        const [issue] = result.error.issues;
        const path = [i, ...(issue?.path ?? [])];
        context.addIssue({ code: "custom", message: issue?.message ?? "is not valid", path });
        return z.NEVER;
      }
    }
    return items;
  });
  return schema as unknown as z.ZodType<Out[], In[]>;
}
