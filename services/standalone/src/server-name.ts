/** A server's URL for people: where it is, without user, password or options. */
export function serverName(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
