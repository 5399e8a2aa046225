import type { IncomingMessage } from 'node:http';
import { isHealthPath } from './health.ts';
import { type HostAllowed, hostNameOf } from './host-check.ts';
import type { RequestRefusal } from './request-refusal.ts';

/**
 * Headers that decide what a request does. Node drops the second of some and joins others, so a duplicate could mean one
 * thing to whoever signed or forwarded the request and another to us.
 */
const ONCE_ONLY = new Set([
  'authorization',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'range',
  'transfer-encoding',
  'x-amz-target',
]);

/** What must hold for every request, read from the headers as they were on the wire. Undefined is all well. */
export function checkRequest(
  { url = '', rawHeaders }: Pick<IncomingMessage, 'url' | 'rawHeaders'>,
  hostAllowed: HostAllowed,
): RequestRefusal | undefined {
  const seen = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (!ONCE_ONLY.has(name)) continue;
    if (seen.has(name)) return malformed(`The header '${name}' is there more than once`);
    seen.set(name, rawHeaders[i + 1] ?? '');
  }
  if (!url.startsWith('/')) return malformed('The request target must be a path that starts with /');
  // Node hands over a request whose body it cannot frame before it refuses it.
  const coding = seen.get('transfer-encoding')?.toLowerCase();
  if (coding !== undefined && coding !== 'chunked') return malformed('The only transfer coding is chunked');
  const host = seen.get('host');
  if (host === undefined) return malformed("The header 'host' is missing");
  const hostName = hostNameOf(host);
  if (hostName === undefined) return malformed("The header 'host' is not a host name with an optional port");
  // Probes come by address, from load balancers and kubelets, and health tells a rebound page nothing.
  if (hostAllowed(hostName) || isHealthPath(url)) return undefined;
  return {
    status: 403,
    code: 'HostNotAllowed',
    message: `This server does not answer to the host name '${hostName}'. If it is meant to, start it with --domain ${hostName} (or BERTH_DOMAINS, or domains in the config file).`,
  };
}

function malformed(message: string): RequestRefusal {
  return { status: 400, code: 'MalformedRequest', message };
}
