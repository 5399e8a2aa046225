/** Something on this machine is in the way. The message is for the person at the terminal; the CLI exits with 1. */
export class Obstacle extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Obstacle';
  }
}
