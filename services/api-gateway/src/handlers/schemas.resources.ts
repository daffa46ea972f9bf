import { AppError } from '@ringdown/core';
import type { Resource } from '../crossbar/endpoint';
import type { SchemaCatalogue } from '../domain/schemas/schema-catalogue';

/** `/schemas`: the JSON schemas that bodies are checked against. Open, as in Kazoo: they are documentation. */
export function schemaResources(schemas: SchemaCatalogue): Resource[] {
  return [
    {
      path: '/schemas',
      methods: { GET: { access: 'open', run: () => Promise.resolve({ data: schemas.names }) } },
    },
    {
      path: '/schemas/:name',
      methods: {
        GET: {
          access: 'open',
          run: ({ params }) => {
            const schema = schemas.get(params['name']!);
            if (schema === undefined) return Promise.reject(new AppError('not_found', 'no such schema'));
            return Promise.resolve({ data: schema });
          },
        },
      },
    },
  ];
}
