import { shellWord } from '../../config/shell-word.ts';
import { findProgram } from '../way/find-program.ts';
import { readLogins } from '../way/logins.ts';
import { Obstacle } from '../way/obstacle.ts';
import { isSameServer } from '../way/registry-address.ts';
import { runProgram } from '../way/run-program.ts';
import { type Finding, fine, problem, skipped } from './finding.ts';
import type { Patient } from './patient.ts';

/** Whether the `aws` command of this shell comes to the same server. */
export async function awsCheck({ endpoint, sources: { env } }: Patient): Promise<Finding> {
  const aws = findProgram('aws', env);
  if (aws === undefined) return skipped('aws', 'the aws command is not installed');
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') {
    const says = 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is set, so that aws goes to Amazon';
    return problem('aws', says, 'unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS');
  }
  const [variable, named] = (['AWS_ENDPOINT_URL_ECR', 'AWS_ENDPOINT_URL'] as const)
    .map((name) => [name, env[name]] as const)
    .find(([, value]) => !!value) ?? [undefined, undefined];
  const mend = `export AWS_ENDPOINT_URL_ECR=${endpoint}`;
  if (named === undefined) return problem('aws', 'AWS_ENDPOINT_URL_ECR is not set, so that aws goes to Amazon', mend);
  if (!isSameServer(named, endpoint)) return problem('aws', `${variable} is ${named}, another server`, mend);
  const { stdout, stderr } = await runProgram(aws, ['--version'], env);
  const [, version = '', major, minor] = /aws-cli\/((\d+)\.(\d+)[\w.]*)/.exec(stdout + stderr) ?? [];
  // Both lines of the tool learnt the variables in July 2023.
  if (version !== '' && Number(minor) < (major === '1' ? 29 : 13) && Number(major) <= 2) {
    const says = `aws-cli ${version} does not know ${variable}, and goes to Amazon`;
    return problem('aws', says, `alias aws=${shellWord(`aws --endpoint-url ${endpoint}`)}`);
  }
  return fine('aws', `${variable} leads aws-cli ${version === '' ? 'there' : `${version} there`}`);
}

/** Whether everybody speaks for the same region: an image's registry is an account in a region. */
export function regionCheck({ access, hosts, sources: { env } }: Patient): Finding {
  if (!('region' in access)) return skipped('region', 'what comes before it has failed');
  const { region } = access;
  const [first, second] = [env['AWS_REGION'], env['AWS_DEFAULT_REGION']];
  if (first && second && first !== second) {
    const says = `AWS_REGION is ${first} and AWS_DEFAULT_REGION ${second}: the AWS tools read one or the other`;
    return problem('region', says, `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`);
  }
  const login = loginOf(env, hosts);
  if (login === undefined || login.region === region) return fine('region', region);
  const says = `the AWS tools speak for ${region}, docker since berth login for ${login.region}`;
  return problem('region', says, `berth login ${hosts[0]} --region ${region}`);
}

function loginOf(env: Patient['sources']['env'], hosts: readonly string[]) {
  try {
    const logins = readLogins(env);
    return hosts.map((host) => logins.get(host)).find((found) => found !== undefined);
  } catch (error) {
    // The check of the helper says it.
    if (error instanceof Obstacle) return undefined;
    throw error;
  }
}
