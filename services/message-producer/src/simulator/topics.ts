import type { TagName } from './cast';

export interface Line {
  readonly by: 'visitor' | 'agent';
  /** `#` stands for the number of an order. */
  readonly text: string;
}

/** What a visit is about. It begins with the visitor. */
export interface Topic {
  readonly tag: TagName;
  readonly lines: readonly Line[];
}

const visitor = (text: string): Line => ({ by: 'visitor', text });
const agent = (text: string): Line => ({ by: 'agent', text });

/** Everyday talk with a shop for bicycles. */
export const TOPICS: readonly Topic[] = [
  {
    tag: 'order',
    lines: [
      visitor('Hi, where is my order #?'),
      agent('Good morning! Let me look.'),
      agent('It left our workshop yesterday and should be with you tomorrow.'),
      visitor('Great, thank you!'),
    ],
  },
  {
    tag: 'order',
    lines: [
      visitor('Can I still change the colour of order #?'),
      visitor('Green instead of black'),
      agent('Yes, it is not painted yet. Green it is.'),
      visitor('Perfect'),
    ],
  },
  {
    tag: 'return',
    lines: [
      visitor('The saddle I bought is too wide. Can I send it back?'),
      agent('Of course, within 30 days. Which order was that?'),
      visitor('#'),
      agent('The label is in your mail now.'),
      visitor('That was quick. Thanks'),
    ],
  },
  {
    tag: 'return',
    lines: [
      visitor('The bell of order # came broken :('),
      agent('Sorry to hear that! A new one goes out today.'),
      visitor('Do you need the old one back?'),
      agent('No, keep it for spare parts.'),
    ],
  },
  {
    tag: 'question',
    lines: [
      visitor('Are you open on Saturday?'),
      agent('Yes, from 10 to 16.'),
      visitor('Can I test the cargo bike then?'),
      agent('Gladly, I have put you down for 11.'),
      visitor('See you!'),
    ],
  },
  {
    tag: 'question',
    lines: [
      visitor('Does the child seat fit the city model?'),
      visitor('The one with 26 inch wheels'),
      agent('It does, with the short adapter.'),
      visitor('Good to know'),
    ],
  },
  {
    tag: 'question',
    lines: [
      visitor('Which size do I need? I am 1.72 m.'),
      agent('The M frame, most likely.'),
      agent('Come by and try it, that takes five minutes.'),
    ],
  },
];
