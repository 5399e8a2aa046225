import { join } from 'node:path';
import { shellWord } from '../../config/shell-word.ts';
import { findProgram } from '../way/find-program.ts';
import { type Finding, fine, problem, skipped } from './finding.ts';
import type { Patient } from './patient.ts';
import { isInsecure, userDropInFolder } from './registries-conf.ts';

/** Whether podman, buildah and skopeo may speak plain HTTP to the server: unlike docker, they want to be told even for this machine. */
export function containersCheck({
  endpoint,
  hosts,
  sources: { env, readFile },
}: Pick<Patient, 'endpoint' | 'hosts' | 'sources'>): Finding {
  const tools = ['podman', 'buildah', 'skopeo'].filter((name) => findProgram(name, env) !== undefined);
  if (tools.length === 0) return skipped('containers', 'neither podman nor buildah nor skopeo is installed');
  const [host = ''] = hosts;
  if (endpoint.startsWith('https:')) return fine('containers', `${tools.join(', ')}: TLS to ${host}`);
  if (isInsecure(host, env, readFile)) return fine('containers', `${tools.join(', ')}: plain HTTP to ${host}`);
  const folder = userDropInFolder(env);
  const entries = hosts.map((name) => `[[registry]]\\nlocation = "${name}"\\ninsecure = true\\n`).join('');
  return problem(
    'containers',
    `${tools.join(', ')} will insist on TLS for ${host}, which speaks plain HTTP`,
    `mkdir -p ${shellWord(folder)} && printf '${entries}' > ${shellWord(join(folder, 'berth.conf'))}`,
  );
}
