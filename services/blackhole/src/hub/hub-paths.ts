/** Where the hub is: with and without version, with and without the prefix of its REST part. */
export const hubPaths: readonly string[] = [
  '/api/v1/ws/subscribe',
  '/api/ws/subscribe',
  '/v1/ws/subscribe',
  '/ws/subscribe',
];
