import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { resolveAccess, resolveEndpoint } from '../config/server-access.ts';
import { addressArgument } from './arguments.ts';
import { addServerFlags, type CommandContext, wantsJson } from './command-context.ts';
import { diagnose } from './doctor/diagnose.ts';
import type { Finding } from './doctor/finding.ts';
import type { Patient } from './doctor/patient.ts';
import { counted, printable } from './format.ts';
import { namesOf, type RegistryAddress } from './way/registry-address.ts';

/** `berth doctor` */
export function addDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .description("Look for what is wrong with this machine's way to a server, and say what mends it.")
    .argument('[address]', 'Server to look at, as image names begin: localhost:4327', addressArgument)
    .option('--deep', 'Push, pull and delete a small image, too');
  addServerFlags(command)
    .addHelpText(
      'after',
      `
Nothing is changed, unless --deep is there. Exit code 0 if all is well, 1 if there is a problem.

Examples:
  $ berth doctor
  $ berth doctor registry.example.com:4327 --deep
  $ berth doctor --json | jq '.checks[] | select(.state == "problem")'`,
    )
    .action(async (address: RegistryAddress | undefined) => {
      const patient = patientOf(command, context, address);
      const deep = command.getOptionValue('deep') === true;
      const { terminal } = context;
      const findings: Finding[] = [];
      for await (const finding of diagnose(patient, { deep })) {
        findings.push(finding);
        if (!wantsJson(command)) terminal.out(linesOf(finding));
      }
      const problems = findings.filter(({ state }) => state === 'problem').length;
      if (wantsJson(command))
        terminal.out(`${JSON.stringify({ endpoint: patient.endpoint, checks: findings, problems })}\n`);
      else terminal.out(problems === 0 ? '\nAll is well.\n' : `\n${counted(problems, 'problem')}.\n`);
      if (problems > 0) context.exitWith(1);
    });
}

/** @throws ConfigError where not even the server is named */
function patientOf(
  command: Command,
  { sources, clock }: CommandContext,
  address: RegistryAddress | undefined,
): Patient {
  const { endpoint: flag, region } = command.opts<{ endpoint?: string; region?: string }>();
  const endpoint = address?.endpoint ?? resolveEndpoint(flag, sources.env);
  const host = address?.host ?? new URL(endpoint).host;
  return { endpoint, host, hosts: namesOf(host), access: accessOf(), sources, clock };

  function accessOf(): Patient['access'] {
    try {
      return resolveAccess({ endpoint, region }, sources);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  }
}

const LABELS = { ok: 'ok', problem: 'PROBLEM', skipped: '-' } as const;

function linesOf({ check, state, says, mend }: Finding): string {
  const line = `${LABELS[state].padEnd(7)}  ${check.padEnd(10)}  ${printable(says)}\n`;
  return mend === undefined ? line : `${line}${' '.repeat(21)}Mend: ${printable(mend)}\n`;
}
