import type { CheckView, Server } from '../../model/server.ts';
import { setAdminState } from '../servers/admin-state.ts';
import type { StateEffects } from '../servers/effects.ts';
import { setUserWeight } from '../servers/oper-state.ts';
import { parseWeight, resolveWeight } from '../servers/weight.ts';
import type { CheckEnd } from './program.ts';

/** What an agent said in one line (manual, section 5.2 "agent-check"). Words of each kind: the last one counts. */
export interface AgentReply {
  readonly health: string | null;
  readonly admin: 'ready' | 'drain' | 'maint' | null;
  readonly weight: string | null;
  readonly maxconn: string | null;
  /** The last word that means nothing. */
  readonly unknown: string | null;
  /** What followed `#`. */
  readonly description: string;
}

/** Splits the first line of an agent's answer into its words. Case does not matter. */
export function parseAgentReply(line: string): AgentReply {
  const reply: { -readonly [K in keyof AgentReply]: AgentReply[K] } = {
    health: null,
    admin: null,
    weight: null,
    maxconn: null,
    unknown: null,
    description: '',
  };
  let at = 0;
  for (;;) {
    at = skip(line, at, /[ \t,]*/y);
    if (at >= line.length) return reply;
    if (line[at] === '#') {
      reply.description = line.slice(skip(line, at + 1, /[ \t]*/y));
      return reply;
    }
    const end = skip(line, at + 1, /[^ \t,]*/y);
    readWord(line.slice(at, end), reply);
    at = end;
  }
}

function skip(text: string, from: number, pattern: RegExp): number {
  pattern.lastIndex = from;
  pattern.test(text);
  return pattern.lastIndex === 0 ? from : pattern.lastIndex;
}

function readWord(word: string, reply: { -readonly [K in keyof AgentReply]: AgentReply[K] }): void {
  const known = word.toLowerCase();
  if (known === 'up' || known === 'down' || known === 'stopped' || known === 'fail') reply.health = word;
  else if (known === 'ready' || known === 'drain' || known === 'maint') reply.admin = known;
  else if (/^\d.*%/s.test(word)) reply.weight = word;
  else if (known.startsWith('maxconn:')) reply.maxconn = word.slice('maxconn:'.length);
  else reply.unknown = word;
}

/** Applies what an agent said and gives the result to record. */
export function applyAgentReply(fx: StateEffects, server: Server, agent: CheckView, reply: AgentReply): CheckEnd {
  if (reply.admin) setAdminState(fx, server, reply.admin);
  const warning = applyWeight(fx, server, reply.weight) ?? applyMaxconn(fx, server, reply.maxconn) ?? '';
  if (reply.health === null) {
    const remark =
      reply.unknown !== null ? `agent reports an error : ${reply.unknown}` : warning && `agent warns : ${warning}`;
    return { status: 'CHECKED', description: remark, code: null };
  }
  const up = reply.health.toLowerCase() === 'up';
  agent.health = up ? agent.rise + agent.fall - 1 : 0;
  // Reports of failure keep their own words; others leave room for what was wrong with the answer.
  const remark = reply.description !== '' && !up ? reply.description : reply.unknown || warning || reply.description;
  const description = `via agent : ${reply.health}${remark === '' ? '' : ` (${remark})`}`;
  return { status: up ? 'L7OK' : 'L7STS', description, code: null };
}

function applyWeight(fx: StateEffects, server: Server, text: string | null): string | null {
  if (text === null) return null;
  const request = parseWeight(text);
  if ('error' in request) return request.error;
  const weight = resolveWeight(server, request);
  if (typeof weight !== 'number') return weight.error;
  setUserWeight(fx, server, weight);
  return null;
}

function applyMaxconn(fx: StateEffects, server: Server, text: string | null): string | null {
  if (text === null) return null;
  if (!/^\d/.test(text)) return 'maxconn string empty or preceded by garbage';
  if (!/^\d{1,9}$/.test(text)) return 'Trailing garbage in maxconn string';
  server.maxconn = Number(text);
  fx.changed(server);
  return null;
}
