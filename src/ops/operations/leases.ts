import type { Lease } from '../../change/journal/journal.ts';
import { shown } from '../../util/shown.ts';
import { keepLeases } from '../due-leases.ts';
import { changing, reading } from '../operation.ts';
import { durationText, table } from '../text.ts';
import { whoText } from './journal-text.ts';

export const leases = reading({
  name: 'leases',
  group: 'journal',
  summary: 'what will be taken back by itself, and when',
  parameters: {},
  options: {},
  about: ['Made with `--for` or `--confirm-within`. `confirm` keeps the second kind.'],
  examples: [{ command: 'leases', about: 'all of them' }],
  page: 'undo.md',
  async show(_, { target }) {
    const found = await target.ledger.leases();
    const lines = table(found.map((lease) => leaseRow(lease).map(shown)));
    return {
      records: found.map((lease) => ({ type: 'lease', ...lease })),
      lines: found.length === 0 ? ['none'] : lines,
    };
  },
});

export const leasesKeep = changing({
  name: 'leases keep',
  group: 'journal',
  summary: 'take back what is due on a HAProxy, until no lease is left',
  parameters: {},
  options: {},
  danger: 'changes',
  together: true,
  guards: [],
  makes: [],
  inverse: 'undo of what was taken back',
  about: [
    'Sluice does this itself. For HAProxy an operation with `--for` or `--confirm-within` starts this in the background; should that end before its time (a restart of the machine), the next operation on that HAProxy takes back what is due.',
  ],
  examples: [{ command: 'leases keep', about: 'as a service of your own' }],
  page: 'undo.md',
  plan(_, { target }) {
    const perform = async ({ signal, note }: { signal: AbortSignal; note(text: string): void }) => {
      await keepLeases(target, signal, note);
      return '';
    };
    return { steps: [{ do: 'act', what: 'take back what is due until no lease is left', perform }] };
  },
});

function leaseRow({ id, kind, until, origin }: Lease): string[] {
  const left = until - Date.now();
  const when = left > 0 ? `in ${durationText(left)}` : 'now';
  return [id, origin.title ?? '', `${when}${kind === 'confirm' ? ' unless confirmed' : ''}`, whoText(origin)];
}
