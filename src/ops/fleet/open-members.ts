import { OperationError } from '../errors.ts';
import type { FleetResult, OperationEvent } from '../events.ts';
import { each } from './each.ts';
import { type FleetSurroundings, failed, listed, type Member, UNTOUCHED } from './member.ts';

/** The load balancers that answer, in the order of their names, and why others do not. */
export interface Opened {
  readonly members: readonly Member[];
  readonly unreachable: readonly FleetResult[];
}

/** Connects to all. */
export async function openMembers({ names, open, emit }: FleetSurroundings): Promise<Opened> {
  const found = new Map<string, Member>();
  const unreachable = new Map<string, FleetResult>();
  await each(names, async (name) => {
    try {
      found.set(name, memberOf(name, await open(name), emit));
    } catch (error) {
      unreachable.set(name, { target: name, ...failed(error, null) });
    }
  });
  const inOrder = <T>(map: ReadonlyMap<string, T>) => names.flatMap((name) => map.get(name) ?? []);
  return { members: inOrder(found), unreachable: inOrder(unreachable) };
}

function memberOf(name: string, target: Member['target'], emit: FleetSurroundings['emit']): Member {
  const member: Member = {
    name,
    target,
    emit(event: OperationEvent) {
      if (event.event === 'lease') member.leased = true;
      emit({ ...event, target: name });
    },
    prepared: null,
    made: [],
    result: UNTOUCHED,
    approves: false,
    leased: false,
  };
  return member;
}

/** Throws OperationError when some may not be left out, or none is left. */
export function checkReach({ members, unreachable }: Opened, allowed: boolean): void {
  if (unreachable.length === 0 || (allowed && members.length > 0)) return;
  const hint = members.length > 0 ? '; --allow-unreachable leaves them out' : '';
  throw new OperationError('unreachable', `${listed(unreachable)}${hint}`);
}
