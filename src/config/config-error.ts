/** The configuration cannot be used. Every problem found is in it, one sentence each; the CLI prints them and exits with 2. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
