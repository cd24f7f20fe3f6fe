/**
 * A copy of plain data, every property of which was read once and by no getter: what is null, a text, a
 * number, a boolean, an array without holes, an object without a class, or bytes. Properties that are
 * undefined are left out, as JSON leaves them out.
 *
 * @throws {Error} for anything else: getters, symbols, hidden properties, cycles, numbers that JSON has not.
 */
export function copyPlainData(value: unknown): unknown {
  return copy(value, new Set());
}

function copy(value: unknown, ancestors: Set<object>): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw refusal();
  if (value === null || ["undefined", "string", "boolean", "number"].includes(typeof value)) return value;
  if (typeof value !== "object" || ancestors.has(value as object)) throw refusal();
  ancestors.add(value);
  const copied = copyObject(value, ancestors);
  ancestors.delete(value);
  return copied;
}

function copyObject(value: object, ancestors: Set<object>): unknown {
  if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(value);
    if (Reflect.ownKeys(value).length !== bytes.length) throw refusal();
    return bytes;
  }
  const properties = Object.getOwnPropertyDescriptors(value);
  if (Array.isArray(value)) {
    const { length, ...items } = properties as unknown as Record<string, PropertyDescriptor>;
    const count: unknown = length?.value;
    // A proxy may answer anything.
    if (typeof count !== "number" || Reflect.ownKeys(items).length !== count) throw refusal();
    return Array.from({ length: count }, (_, i) => copy(dataOf(items[i]), ancestors));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refusal();
  const copied: Record<string, unknown> = {};
  for (const key of Reflect.ownKeys(properties)) {
    if (typeof key !== "string") throw refusal();
    const property = copy(dataOf(properties[key]), ancestors);
    const descriptor = { value: property, configurable: true, enumerable: true, writable: true };
    if (property !== undefined) Object.defineProperty(copied, key, descriptor);
  }
  return copied;
}

function dataOf(property: PropertyDescriptor | undefined): unknown {
  if (!property?.enumerable || !("value" in property)) throw refusal();
  return property.value;
}

function refusal(): Error {
  return new Error("This is no plain data.");
}
