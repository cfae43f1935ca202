import { newOperationId } from '../../change/operation-id.ts';
import { putBack } from '../steps.ts';
import { each } from './each.ts';
import { type FleetCourse, failed, type Member } from './member.ts';

/** Takes back what was done, everywhere at once. Each result says what came of it; resolves to the load balancers where something stays. */
export async function takeBack({ members, request, id }: FleetCourse, why: string): Promise<readonly Member[]> {
  const meta = { operation: newOperationId(), title: `${request.title} (taken back)`, reason: why, undoes: id };
  const changed = members.filter(({ made }) => made.length > 0 || (made.acts ?? []).length > 0);
  await each(changed, async (member) => {
    const { emit } = member;
    try {
      member.result = result(member, await takeBackOn(member, meta));
    } catch (error) {
      const why = member.result.ok ? '' : `${member.result.text}; `;
      member.result = {
        ok: false,
        ended: 'failed',
        text: `${why}could not be taken back: ${failed(error, member.target).text}`,
      };
    }
    emit({ event: 'revert', ok: member.result.ended !== 'failed', text: member.result.text });
  });
  return changed.filter(({ result: { ended } }) => ended === 'failed');
}

/** Resolves to what has no way back. Throws when what has one could not be taken back. */
async function takeBackOn({ made, target, emit }: Member, meta: FleetUndo): Promise<readonly string[]> {
  if (made.undoable) {
    const { ok, text, outcomes, failedAt } = await target.ledger.undo(meta.undoes, meta);
    if (!ok) throw new Error(text || outcomes[failedAt]?.text || 'refused');
  }
  const acts = made.acts ?? [];
  await putBack({ acts: [...acts], around: { emit } });
  const lasting = [...(made.lasting ?? []), ...acts.filter(({ back }) => !back).map(({ what }) => what)];
  made.length = 0;
  made.undoable = false;
  return lasting;
}

interface FleetUndo {
  readonly operation: string;
  readonly title: string;
  readonly reason: string;
  readonly undoes: string;
}

function result({ result: before }: Member, kept: readonly string[]): Member['result'] {
  const why = before.ok ? '' : `${before.text}; `;
  if (kept.length === 0) return { ok: false, ended: 'reverted', text: `${why}taken back` };
  return { ok: false, ended: 'failed', text: `${why}has no way back and stays: ${kept.join(', ')}` };
}
