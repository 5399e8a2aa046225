import { RETRY_AFTER, type Refusal, type Surface } from '../http/surface.ts';
import { Fault } from '../model/fault.ts';
import { refuse } from './faults.ts';
import { LAYER_LINKS } from './layer-link.ts';

/** The distribution protocol, and the links to layers. Clients come again after 429; docker and its like do not. */
export const OCI_SURFACE: Surface = {
  name: 'oci',
  covers: ({ url = '' }) => /^\/v2(?:[/?]|$)/.test(url) || url.startsWith(LAYER_LINKS),
  busy: busy(),
};

function busy(): Refusal {
  const { status, headers, body } = refuse(new Fault('TooManyRequests', {}), { 'Retry-After': RETRY_AFTER });
  return {
    status,
    body: Buffer.from(body).toString(),
    headers: { 'Docker-Distribution-Api-Version': 'registry/2.0', ...headers },
  };
}
