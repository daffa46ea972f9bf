import { bindingCatalogue as catalogueByFamily } from '@ringdown/contracts';

/** Every binding that `GET /v2/websockets` lists as it is documented, in one list. */
export function bindingCatalogue(): readonly string[] {
  return Object.values(catalogueByFamily()).flat();
}

/** What matches a routing key of the binding: `{…}` stands for any id. */
export function topicOf(binding: string): RegExp {
  const words = binding.split('.').map((word) => (word.startsWith('{') ? '[^.]+' : word));
  return new RegExp(`^${words.join('\\.')}$`);
}
