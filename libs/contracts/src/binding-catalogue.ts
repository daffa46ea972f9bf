import { families } from './families/families';

/** What `GET /v2/websockets` lists: by family, the bindings one can subscribe to. */
export type BindingCatalogue = Readonly<Record<string, readonly string[]>>;

/** Default: the four families of Kazoo's documentation, with its texts in its order. `all` adds ours. */
export function bindingCatalogue(options: { readonly families?: 'default' | 'all' } = {}): BindingCatalogue {
  const all = options.families === 'all';
  return Object.fromEntries(
    families
      .filter(({ name }) => all || name !== 'messaging')
      .map(({ name, catalogue }) => [
        name,
        catalogue.filter(({ undocumented }) => all || !undocumented).map(({ binding }) => binding),
      ]),
  );
}
