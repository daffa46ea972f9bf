type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The node in the body of a metaflow request, undefined when the request is for something else. `action` stands beside
 * `data` or in it. The node is `data` itself, as the schema has it, or `data.data`, as Kazoo's documentation has it: the
 * latter when `data` names no module and what is in it does.
 */
export function unwrapMetaflow(data: JsonObject, beside: JsonObject): JsonObject | undefined {
  const { action: inside, ...members } = data;
  const outside = beside['action'];
  if ((outside ?? inside) !== 'metaflow') return undefined;
  const node = outside === undefined ? members : data;
  const inner = node['data'];
  const isWrapped = !Object.hasOwn(node, 'module') && isObject(inner) && Object.hasOwn(inner, 'module');
  return isWrapped ? inner : node;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
