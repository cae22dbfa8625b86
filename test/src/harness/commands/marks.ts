/** Commands with a number that no other has, as it stands in the bytes that a device gets; none of them is idempotent. */
import type { SimulatedId } from '@fleetwire/protocols/ids';

export interface Marked {
  readonly name: string;
  readonly args: object;
  /** Text that stands in the bytes once for each write. */
  readonly mark: string;
}

/** `n` from 0 to 99,999. */
export function marked(protocol: SimulatedId, n: number): Marked {
  const number = 100_000 + n;
  switch (protocol) {
    case 'astra':
      return { name: 'custom', args: { payload: `$JSEC,${number}` }, mark: `$JSEC,${number}\r\n` };
    case 'h02':
      return { name: 'custom', args: { payload: `S32,000000,${number}` }, mark: `,S32,000000,${number}#` };
    case 'jt808':
      return { name: 'custom', args: { payload: `mark${number}.` }, mark: `mark${number}.` };
    case 'atrack':
      // Its tag has to differ too: the answer names nothing else.
      return { name: 'custom', args: { text: `AT$MOTD+${tagOf(n)}=${number},3` }, mark: `=${number},3\r\n` };
  }
}

const tagOf = (n: number): string => n.toString(36).toUpperCase().padStart(4, '0');

const MARKS = /\$JSEC,(1\d{5})\r\n|,S32,000000,(1\d{5})#|mark(1\d{5})\.|=(1\d{5}),3\r\n/g;

/** Numbers of the commands in what a device got, in order, with repeats. */
export function marksIn(received: string): readonly number[] {
  const found: number[] = [];
  // Of the groups all but one are empty.
  for (const [, ...groups] of received.matchAll(MARKS)) found.push(Number(groups.join('')) - 100_000);
  return found;
}
