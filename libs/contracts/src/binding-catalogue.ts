import { families } from './families/families';

/** What `GET /v2/websockets` lists: by family, the bindings one can subscribe to. */
export type BindingCatalogue = Readonly<Record<string, readonly string[]>>;

/** Default: the four families of Kazoo's documentation, with its texts in its order. `all` adds ours. */
export function bindingCatalogue(options: { readonly families?: 'default' | 'all' } = {}): BindingCatalogue {
  const shown = options.families === 'all' ? families : families.filter(({ name }) => name !== 'messaging');
  return Object.fromEntries(
    shown.map(({ name, catalogue }) => [name, catalogue.map(({ binding }) => binding)]),
  );
}
