import { parseForwarded } from '../expr/rfc7239.ts';
import { isInNetwork, type Network, parseIp, parseNetwork } from '../util/ip.ts';
import type { Stream } from './stream.ts';

/** `option forwarded`, `forwardfor` and `originalto`: tells the server the client's address and the one it asked for. */
export function addForwardedHeaders(stream: Stream): void {
  const front = stream.frontend.config;
  const { config: back, forwarded } = stream.backend!;
  if (forwarded !== null) addForwarded(stream, forwarded(stream));
  const ifNone = (back.forwardfor?.ifNone ?? true) && (front.forwardfor?.ifNone ?? true);
  addAddress(stream, back.forwardfor, front.forwardfor, stream.source.host, ifNone);
  addAddress(stream, back.originalto, front.originalto, stream.destination.host, false);
}

/** At the end of what a proxy before has said, where that can be read; else in a field of its own. */
function addForwarded({ req }: Stream, value: string): void {
  let last = -1;
  for (let i = req.findHeader('forwarded', 0); i >= 0; i = req.findHeader('forwarded', i + 1)) {
    if (parseForwarded(req.headerValue(i), true) === null) {
      last = -1;
      break;
    }
    last = i;
  }
  if (last < 0) req.addHeader('forwarded', value);
  else req.setValueAt(last, `${req.headerValue(last)}, ${value}`);
}

/** An option that names a field, and a network whose addresses are not told. */
type AddressOption = { readonly except: string | null; readonly header: string } | null;

/** The backend says the field's name before the frontend does; each of them says what is not told. */
function addAddress(stream: Stream, back: AddressOption, front: AddressOption, host: string, ifNone: boolean): void {
  const option = back ?? front;
  if (option === null || host === '') return;
  const name = option.header.toLowerCase();
  if (ifNone && stream.req.findHeader(name, 0) >= 0) return;
  if (isExcepted(back, host) || isExcepted(front, host)) return;
  stream.req.addHeader(name, host);
}

const isExcepted = (option: AddressOption, host: string): boolean =>
  option !== null && option.except !== null && inNetwork(option.except, host);

const networks = new Map<string, Network | null>();

/** An address in a network as the option writes it (`127.0.0.0/8`). */
function inNetwork(text: string, host: string): boolean {
  let network = networks.get(text);
  if (network === undefined) {
    network = parseNetwork(text);
    networks.set(text, network);
  }
  const address = parseIp(host);
  return network !== null && address !== null && isInNetwork(network, address);
}
