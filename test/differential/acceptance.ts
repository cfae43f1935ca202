import type { Accepted } from './accepted.ts';
import type { Difference } from './compare.ts';
import type { Scenario } from './family.ts';

/** The first entry of its family's list that the difference is one of. */
export const acceptance = (difference: Difference): Accepted | undefined =>
  difference.scenario.family.accepted.find(
    ({ sends, lines, shows }) =>
      (sends === undefined || difference.scenario.connections.flat().some(({ bytes }) => sends.test(bytes))) &&
      (lines === undefined || difference.scenario.lines.some((line) => lines.test(line))) &&
      (shows === undefined || shows(difference)),
  );

/** The scenario without what these are about, so that nothing else hides behind them; the same one when there is nothing to leave out. */
export function leftOut(scenario: Scenario, accepted: Iterable<Accepted>): Scenario {
  let left = scenario;
  for (const { sends, lines } of accepted) {
    if (sends !== undefined) left = withoutExchanges(left, sends);
    else if (lines !== undefined) left = { ...left, lines: left.lines.filter((line) => !lines.test(line)) };
  }
  return left;
}

function withoutExchanges(scenario: Scenario, sends: RegExp): Scenario {
  const connections = scenario.connections
    .map((exchanges) => exchanges.filter(({ bytes }) => !sends.test(bytes)))
    .filter((exchanges) => exchanges.length > 0);
  return { ...scenario, connections };
}
