import type { Env } from '../../config/home-folders.ts';
import { type Finding, fine, problem } from './finding.ts';
import type { Patient } from './patient.ts';

/** Whether a proxy stands in the way. Some tools never use one for this machine, others (aws-cli) do unless told not to. */
export function proxyCheck({ endpoint, hosts, sources: { env } }: Patient): Finding {
  const variable = endpoint.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[variable] || env[variable.toLowerCase()];
  if (!proxy) return fine('proxy', 'none');
  const { hostname, port } = new URL(endpoint);
  const exceptions = [env['NO_PROXY'], env['no_proxy']].filter((list) => !!list);
  if (exceptions.length > 0 && exceptions.every((list) => isExcepted(String(list), hostname, port))) {
    return fine('proxy', `${variable} is set, and not used for ${hostname}`);
  }
  const names = hosts.map((host) => host.replace(/:\d+$/, '')).join(',');
  const mend = `export NO_PROXY=${names}${restOf(env)} no_proxy=${names}${restOf(env)}`;
  return problem('proxy', `${variable} is set, so that some tools ask the proxy for ${hostname}`, mend);
}

function restOf(env: Env): string {
  const rest = env['NO_PROXY'] || env['no_proxy'];
  return rest ? `,${rest.replaceAll(/[^A-Za-z0-9.,:*/_-]/g, '')}` : '';
}

/** A list of names, each with all below it, perhaps with a port; `*` is everything. */
function isExcepted(list: string, hostname: string, port: string): boolean {
  return list.split(',').some((given) => {
    const entry = given
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, '');
    const [name, only] = entry.split(':');
    if (entry === '*') return true;
    const matches = hostname === name || (name !== '' && hostname.endsWith(`.${name}`));
    return matches && (only === undefined || only === port);
  });
}
