import { MISS, type Outcome, PASS } from '../../expr/acl/acl.ts';
import type { Compiled } from '../../expr/chain.ts';
import { isBodyAtHand } from '../http/held-body.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { readRawHead } from './raw-head.ts';
import { runRule } from './run-rule.ts';
import { type Rule, Verdict } from './types.ts';

/*
 * Content inspection (`tcp-request content`): conditions are three-valued while more data may come. A rule whose condition needs data that
 * is not there yet stops the evaluation; it starts anew with the first rule when data has come, and for the last time when
 * `inspect-delay` is over, the client has ended or the buffer is full. A rule that applies and waits for its value holds the place: those in
 * front of it do not run again, as in HAProxy.
 */

/** Evaluates content rules of a request, waiting up to `delay` ms for what they need, then goes on with `then`. */
export function inspectRequest(
  stream: Stream,
  rules: readonly Rule[] | null,
  delay: number,
  then: (stream: Stream) => void,
): void {
  if (rules === null) {
    then(stream);
    return;
  }
  stream.rules = rules;
  stream.rulesThen = then;
  stream.inspecting = true;
  stream.inspectUntil = delay > 0 ? stream.env.now() + delay : 0;
  evaluate(stream);
}

/** From the first rule on, on what there is now. */
function evaluate(stream: Stream): void {
  stream.ruleIndex = 0;
  continueInspection(stream);
}

/** Goes on with the rule whose value was waited for: that it applies is known. */
function resume(stream: Stream): void {
  continueInspection(stream, true);
}

/** Goes on with the rule after the one that waited; `applies`: with one that is known to apply. */
export function continueInspection(stream: Stream, applies = false): void {
  const rules = stream.rules!;
  if (stream.raw) readRawHead(stream);
  stream.moreMayCome =
    !stream.clientEnded && !stream.clientGone && stream.inspectUntil > stream.env.now() && !isFull(stream);
  while (stream.ruleIndex < rules.length) {
    const rule = rules[stream.ruleIndex++]!;
    const outcome = applies ? PASS : decide(stream, rule);
    applies = false;
    if (outcome === MISS) {
      wait(stream, evaluate);
      return;
    }
    if (outcome !== PASS) continue;
    const verdict = runRule(stream, rule);
    if (verdict === Verdict.next) continue;
    if (verdict === Verdict.more) {
      stream.ruleIndex--;
      wait(stream, resume);
      return;
    }
    if (verdict === Verdict.stop) break;
    if (verdict === Verdict.wait) {
      // What the client sends meanwhile does not begin the evaluation anew.
      stopWaiting(stream);
      stream.holdForRule();
    }
    return;
  }
  const then = stream.rulesThen!;
  endWait(stream);
  then(stream);
}

/** Whether the rule applies; MISS while that depends on data to come. What it does then takes the data that is there. */
function decide(stream: Stream, rule: Rule): Outcome {
  if (rule.decide === null) return PASS;
  stream.final = !stream.moreMayCome;
  const outcome = rule.decide(stream);
  stream.final = true;
  return outcome;
}

/** Whether an action has to wait: data to come may change the value that it is about. */
export function waitsFor(stream: Stream, value: Compiled): boolean {
  if (!stream.moreMayCome) return false;
  stream.final = false;
  const waits = value.mayChange(stream);
  stream.final = true;
  return waits;
}

/** No more will come, or can be held, than this. */
function isFull(stream: Stream): boolean {
  const { bufsize, maxrewrite } = stream.env.global.tune;
  if (stream.raw) return stream.pendingLength >= bufsize - maxrewrite;
  return isBodyAtHand(stream, bufsize);
}

function wait(stream: Stream, then: (stream: Stream) => void): void {
  const first = stream.onMoreData === null;
  stream.phase = Phase.rules;
  stream.waitUntil = stream.inspectUntil;
  stream.onWaited = then;
  stream.onMoreData = then;
  if (first) {
    stream.keep();
    stream.client!.resume();
  }
  stream.schedule();
}

function endWait(stream: Stream): void {
  stream.moreMayCome = false;
  stream.inspecting = false;
  stream.rules = null;
  stream.rulesThen = null;
  stream.inspectUntil = 0;
  if (stream.onMoreData === null) return;
  if (!stream.raw) stream.log.requestEnd = stream.env.now();
  stopWaiting(stream);
  stream.waitUntil = 0;
  stream.onWaited = null;
  stream.schedule();
}

function stopWaiting(stream: Stream): void {
  if (stream.onMoreData === null) return;
  stream.onMoreData = null;
  if (!stream.raw) stream.client!.pause();
}

/** Bytes of a response that wait for `tcp-response content` rules (mode tcp). */
export class HeldResponse {
  readonly rules: readonly Rule[];
  /** Date at which the wait ends, 0 = there is none. */
  readonly until: number;
  bytes: Buffer = Buffer.alloc(0);
  /** A rule ends the connection to the server (`close`): what it has sent still goes to the client. */
  closes = false;
  /** Why no more will come, when the server is late (`s`) or has left (`S`): told once the rules have let pass what there is. */
  cause: 's' | 'S' | null = null;

  constructor(rules: readonly Rule[], until: number) {
    this.rules = rules;
    this.until = until;
  }
}

/** Evaluates the rules on what is held. True when it may go on; false when it waits or has been rejected. */
export function inspectResponse(stream: Stream): boolean {
  const held = stream.heldResponse!;
  const { tune } = stream.env.global;
  stream.moreMayCome =
    !stream.serverEnded && held.until > stream.env.now() && held.bytes.length < tune.bufsize - tune.maxrewrite;
  const passed = passes(stream, held.rules);
  if (passed === null) {
    stream.waitUntil = held.until;
    stream.schedule();
    return false;
  }
  if (!passed) return false;
  stream.moreMayCome = false;
  stream.waitUntil = 0;
  return true;
}

/** Whether response rules accept; null when that depends on data to come. */
export function passes(stream: Stream, rules: readonly Rule[]): boolean | null {
  for (const rule of rules) {
    const outcome = decide(stream, rule);
    if (outcome === MISS) return null;
    if (outcome !== PASS) continue;
    const verdict = runRule(stream, rule);
    if (verdict === Verdict.next) continue;
    if (verdict === Verdict.stop) break;
    return false;
  }
  return true;
}
