/** The site where visitors write. Found again by its `sourceChannelId`. */
export const SITE = { sourceChannelId: 'demo', name: 'Demo' } as const;

/** The one that closes for a moment now and then. Nobody writes there, so nobody is cut off. */
export const POP_UP = { sourceChannelId: 'demo-pop-up', name: 'Demo pop-up store' } as const;

/** Always the same few, so that there are never more conversations than visitors. */
export const VISITORS = [
  { key: 'visitor-1', name: 'Ida Berg' },
  { key: 'visitor-2', name: 'Malik Osei' },
  { key: 'visitor-3', name: 'Chiara Fontana' },
  { key: 'visitor-4', name: 'Tomasz Wilk' },
  { key: 'visitor-5', name: 'Yuki Arai' },
  { key: 'visitor-6', name: 'Leonor Pires' },
] as const;

export type Visitor = (typeof VISITORS)[number];

/** Tags the agent uses, with the colours they are made with. */
export const TAGS = [
  { name: 'order', color: 'tag-blue' },
  { name: 'return', color: 'tag-red' },
  { name: 'question', color: 'tag-green' },
] as const;

export type TagName = (typeof TAGS)[number]['name'];
