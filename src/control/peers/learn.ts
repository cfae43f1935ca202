import { KEY_TYPES, readDefinition } from './codec/definition.ts';
import { Class, ControlType, type Message, TableType } from './codec/messages.ts';
import { readAck, readUpdate, type Update } from './codec/update.ts';
import { PeersProtocolError, type WireReader } from './codec/varint.ts';
import { confirmTaught } from './lesson.ts';
import type { Peer } from './peer.ts';
import { startTeaching } from './teach.ts';

/** What messages of a peer have told, beside what they changed in it and in the tables. */
export interface Told {
  /** It has taught all it has; `complete`: and that is all there is. */
  taughtUs(peer: Peer, complete: boolean): void;
  /** It has got all that was taught to it. */
  confirmed(peer: Peer): void;
}

const update: Update = { id: null, expire: null, key: new Uint8Array(0), values: [], text: null };

/** Does what a message of a peer says. What is not known is left out, as HAProxy does. Throws PeersProtocolError. */
export function hear(peer: Peer, message: Message, told: Told): void {
  switch (message.class) {
    case Class.control:
      return control(peer, message.type, told);
    case Class.table:
      return table(peer, message);
    case Class.reserved:
      throw new PeersProtocolError('a message of the class that is reserved');
  }
}

function control(peer: Peer, type: number, told: Told): void {
  switch (type) {
    case ControlType.request:
      peer.resyncRequested = true;
      return startTeaching(peer);
    case ControlType.finished:
    case ControlType.partial:
      peer.confirm++;
      return told.taughtUs(peer, type === ControlType.finished);
    case ControlType.confirm:
      for (const lesson of peer.lessons) confirmTaught(lesson);
      peer.teaching = false;
      peer.taughtAll = false;
      return told.confirmed(peer);
    case ControlType.heartbeat:
      peer.counters.heartbeatsGot++;
  }
}

function table(peer: Peer, { type, body }: Message): void {
  switch (type) {
    case TableType.define:
      return define(peer, body);
    case TableType.switch: {
      const id = body.uint32();
      peer.remoteLesson = peer.lessons.find(({ remoteId }) => remoteId === id && id !== 0) ?? null;
      return;
    }
    case TableType.update:
    case TableType.nextUpdate:
    case TableType.timedUpdate:
    case TableType.timedNextUpdate:
      return learn(peer, type, body);
    case TableType.ack:
      return acknowledge(peer, body);
  }
}

/** Tables that are not here, or are others under the same name, are not learned. */
function define(peer: Peer, body: WireReader): void {
  peer.remoteLesson = null;
  const { id, name, columns, ...key } = readDefinition(body);
  for (const lesson of peer.lessons) if (lesson.remoteId === id) lesson.remoteId = 0;
  const lesson = peer.lessons.find(({ table: { wireName } }) => wireName === name);
  if (lesson === undefined || columns === null) return;
  const { form } = lesson.table;
  if (form.keyType !== key.keyType || form.keyLength !== key.keyLength) return;
  lesson.remoteForm = { ...form, columns };
  lesson.remoteId = id;
  peer.remoteLesson = lesson;
}

function learn(peer: Peer, type: number, body: WireReader): void {
  const lesson = peer.remoteLesson;
  if (lesson === null) return;
  const form = lesson.remoteForm!;
  readUpdate(body, type, form, update);
  lesson.lastGet = update.id ?? (lesson.lastGet + 1) >>> 0;
  let at = 0;
  for (const { type: data, elements } of form.columns) {
    if (data.kind === 'dict') {
      const number = update.values[at]!;
      update.text = number === 0 ? null : peer.received.textOf(number, update.text);
    }
    at += elements * (data.kind === 'rate' ? 3 : 1);
  }
  if (form.keyType === KEY_TYPES.string && update.key.length === 0) return;
  lesson.table.learn(update, form, Date.now());
}

/** While all is taught, acknowledgements tell nothing. */
function acknowledge(peer: Peer, body: WireReader): void {
  if (peer.teaching) return;
  const { id, update: number } = readAck(body);
  const lesson = peer.lessons.find(({ localId }) => localId === id);
  if (lesson !== undefined) lesson.update = number;
}
