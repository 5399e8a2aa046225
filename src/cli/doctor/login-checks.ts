import { ConfigError } from '../../config/config-error.ts';
import { shellWord } from '../../config/shell-word.ts';
import { formatInstant, printable } from '../format.ts';
import { Unanswered } from '../way/ask.ts';
import { askWithPassword } from '../way/call-ecr.ts';
import { clientFiles, dockerConfigPath, namesOurHelper } from '../way/client-files.ts';
import { HELPER_PROGRAM, installLine } from '../way/credential-program.ts';
import { findProgram } from '../way/find-program.ts';
import { isObject, type JsonFile } from '../way/json-file.ts';
import { Obstacle } from '../way/obstacle.ts';
import { runProgram } from '../way/run-program.ts';
import { type Finding, fine, problem, skipped } from './finding.ts';
import type { Patient } from './patient.ts';

const CLIENTS = ['docker', 'podman', 'skopeo', 'buildah'];

/** Whether docker and the others have a way to a password, and whether that way works. */
export async function* loginChecks(patient: Patient): AsyncGenerator<Finding, void> {
  const { hosts, sources } = patient;
  const [host = ''] = hosts;
  const clients = CLIENTS.filter((name) => findProgram(name, sources.env) !== undefined);
  if (clients.length === 0) {
    yield skipped('login', `none of ${CLIENTS.join(', ')} is installed`);
    yield skipped('helper', 'nobody would call it');
    return;
  }
  let files: readonly JsonFile[];
  try {
    files = clientFiles(sources.env);
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    const [path] = /^\S+/.exec(error.message.replace(/^credHelpers in /, '')) ?? [''];
    yield problem(
      'login',
      error.message,
      path.startsWith('/') ? `"\${EDITOR:-vi}" ${shellWord(path)}` : 'export HOME=…',
    );
    yield skipped('helper', 'what comes before it has failed');
    return;
  }
  yield loginCheck(patient, files, clients);
  if (files.some((file) => namesOurHelper(file, host))) yield await helperCheck(patient, host);
  else yield skipped('helper', `no client is told to call ${HELPER_PROGRAM}`);
}

function loginCheck(
  { hosts, sources, clock }: Patient,
  files: readonly JsonFile[],
  clients: readonly string[],
): Finding {
  const [host = ''] = hosts;
  const mend = `berth login ${host}`;
  const dockers = dockerConfigPath(sources.env);
  // The clients read the files in turn: a password that has ended in one of them hides what the others have.
  for (const file of files) {
    if (namesOurHelper(file, host)) continue;
    const until = endOfPassword(file, host);
    if (until !== undefined && until <= clock.now()) {
      return problem('login', `the password for ${host} in ${file.path} ended ${formatInstant(until)}`, mend);
    }
  }
  const file = files.find(({ path }) => path === dockers);
  if (file === undefined) return skipped('login', `there is no ${dockers}`);
  if (namesOurHelper(file, host)) return fine('login', `${clients.join(', ')}: by ${HELPER_PROGRAM} (${file.path})`);
  const until = endOfPassword(file, host);
  if (until !== undefined) return fine('login', `by a password until ${formatInstant(until)} (${file.path})`);
  const { auths, credsStore } = file.document;
  if (typeof credsStore === 'string' && isObject(auths) && Object.hasOwn(auths, host)) {
    const program = `docker-credential-${credsStore}`;
    if (findProgram(program, sources.env) !== undefined) return fine('login', `by ${program} (${file.path})`);
    return problem('login', `${file.path} names ${printable(program)}, which is not on the PATH`, mend);
  }
  return problem('login', `${clients.join(', ')}: nobody has logged in to ${host}`, mend);
}

/** When the password of a plain `docker login` ends, in milliseconds; `undefined` if there is none that tells. */
function endOfPassword({ document }: JsonFile, host: string): number | undefined {
  const auths = document['auths'];
  const entry = isObject(auths) && Object.hasOwn(auths, host) ? auths[host] : undefined;
  const auth = isObject(entry) ? entry['auth'] : undefined;
  if (typeof auth !== 'string') return undefined;
  const [, password = ''] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  try {
    const token: unknown = JSON.parse(Buffer.from(password, 'base64').toString('utf8'));
    const end = isObject(token) ? Number(token['expiration']) * 1000 : Number.NaN;
    return Number.isFinite(end) && Math.abs(end) < 8.64e15 ? end : undefined;
  } catch {
    return undefined;
  }
}

/** The helper is asked as docker asks it. */
async function helperCheck({ endpoint, sources }: Patient, host: string): Promise<Finding> {
  const { env } = sources;
  const path = findProgram(HELPER_PROGRAM, env);
  if (path === undefined) return problem('helper', `${HELPER_PROGRAM} is not on the PATH`, installLine(env));
  const { code, stdout } = await runProgram(path, ['get'], env, host);
  if (code !== 0) {
    const said = printable(stdout.trim()).slice(0, 500) || 'it cannot be run';
    const isOld = said.includes('needs Node.js') || stdout.trim() === '';
    return problem('helper', `${path}: ${said}`, isOld ? installLine(env) : `berth login ${host}`);
  }
  try {
    const { Username: username, Secret: secret } = JSON.parse(stdout) as Record<string, string>;
    const password = { username: String(username), secret: String(secret), expiresAt: 0 };
    const { status } = await askWithPassword(endpoint, password, '/v2/');
    if (status === 200) return fine('helper', `${path} gives a password that the registry takes`);
    return problem(
      'helper',
      `${path} gives a password that the registry does not take (HTTP ${status})`,
      `berth logout ${host} && berth login ${host}`,
    );
  } catch (error) {
    if (error instanceof Unanswered) return skipped('helper', error.message);
    if (error instanceof SyntaxError || error instanceof ConfigError) {
      return problem('helper', `${path} does not answer as a credential helper`, installLine(env));
    }
    throw error;
  }
}
