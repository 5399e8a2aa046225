import { findProgram } from '../way/find-program.ts';
import { isObject } from '../way/json-file.ts';
import { isLocal } from '../way/registry-address.ts';
import { runProgram } from '../way/run-program.ts';
import { type Finding, fine, problem, skipped } from './finding.ts';
import type { Patient } from './patient.ts';

const DAEMON_FILE = '/etc/docker/daemon.json';

/** Whether docker's daemon, which is what pushes and pulls, can reach the server: it may run on another machine. */
export async function dockerCheck(patient: Patient): Promise<Finding> {
  const { endpoint, host, sources } = patient;
  const docker = findProgram('docker', sources.env);
  if (docker === undefined) return skipped('docker', 'docker is not installed');
  const info = parsed((await runProgram(docker, ['info', '--format', '{{json .}}'], sources.env)).stdout);
  if (!info['ServerVersion'])
    return skipped('docker', 'no docker daemon answers: docker itself can neither push nor pull');
  if (isLocal(patient)) {
    const elsewhere = /Docker Desktop/.test(String(info['OperatingSystem'] ?? ''))
      ? 'the machine of Docker Desktop'
      : /^(?:tcp|ssh):/.exec(sources.env['DOCKER_HOST'] ?? '') && `${sources.env['DOCKER_HOST']}`;
    if (!elsewhere) return fine('docker', 'its daemon runs here, and takes plain HTTP from this machine');
    const port = new URL(endpoint).port || '80';
    return problem(
      'docker',
      `its daemon runs on ${elsewhere}, where ${host} is not this machine`,
      `berth serve --host 0.0.0.0 --domain host.docker.internal --port ${port} # the registry is host.docker.internal:${port} then, also among docker's insecure-registries`,
    );
  }
  if (endpoint.startsWith('https:') || takesPlainHttp(info['RegistryConfig'], host)) {
    return fine('docker', `its daemon speaks ${endpoint.startsWith('https:') ? 'TLS' : 'plain HTTP'} to ${host}`);
  }
  const entry = `"insecure-registries": ["${host}"]`;
  const restart = 'sudo systemctl restart docker';
  return problem(
    'docker',
    `its daemon insists on TLS for ${host}, which speaks plain HTTP`,
    sources.readFile(DAEMON_FILE) === undefined
      ? `echo '{ ${entry} }' | sudo tee ${DAEMON_FILE} && ${restart}`
      : `Add ${entry} to ${DAEMON_FILE}, then ${restart}`,
  );
}

function takesPlainHttp(config: unknown, host: string): boolean {
  if (!isObject(config)) return false;
  const { IndexConfigs: named, InsecureRegistryCIDRs: ranges } = config;
  const entry = isObject(named) && Object.hasOwn(named, host) ? named[host] : undefined;
  if (isObject(entry) && entry['Secure'] === false) return true;
  return Array.isArray(ranges) && ranges.some((range) => isWithin(host.replace(/:\d+$/, ''), String(range)));
}

/** Whether an IPv4 address is in `10.0.0.0/8` and the like. */
function isWithin(address: string, range: string): boolean {
  const [network = '', length = ''] = range.split('/');
  const [a, b] = [bitsOf(address), bitsOf(network)];
  return a !== undefined && b !== undefined && /^\d+$/.test(length) && a.slice(0, +length) === b.slice(0, +length);
}

function bitsOf(address: string): string | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return undefined;
  return address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text);
    return isObject(document) ? document : {};
  } catch {
    return {};
  }
}
