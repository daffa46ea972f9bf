import type { MessagingTag } from '@ringdown/contracts';

export interface Tag {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly color: string;
}

export function tagView({ id, name, color }: Tag): MessagingTag {
  return { id, name, color };
}
