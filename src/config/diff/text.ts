import { placeText } from '../edit/places.ts';
import type { Difference, Plan, Side } from './difference.ts';

const EFFECTS: Readonly<Record<Plan['effect'], string>> = {
  none: 'no difference',
  live: 'all of it can be done live',
  reload: 'needs a reload',
  restart: 'needs a restart',
};

/** A plan as operators read it: a difference a line, its reason and its Changes (JSON) below, and at the end what all takes. */
export function planText({ differences, effect }: Plan): string {
  return `${differences.map(differenceText).join('')}${EFFECTS[effect]}\n`;
}

function differenceText({ section, server, before, after, effect, changes, reason }: Difference): string {
  const subject = server === null ? section : `${section}, server ${server}`;
  const places = [before, after].map((side) => (side === null ? '-' : placeText(side.at))).join(' ');
  const lines = [
    `${effect}: ${subject}: ${sideText(before)} -> ${sideText(after)} (${places})`,
    ...(reason === '' ? [] : [`    ${reason}`]),
    ...changes.map((change) => `    ${JSON.stringify(change)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function sideText(side: Side | null): string {
  return side === null || side.text === '' ? 'nothing' : side.text;
}
