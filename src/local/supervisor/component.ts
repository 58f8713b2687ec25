/** A part of the system as the supervisor sees it: it starts, may end by itself, and can be stopped. */
export interface Running {
  readonly pid: number;
  /** The address of the component. */
  readonly where: string;
  /** Resolves when it has ended, with the way it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Returns when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
}

export interface Component {
  readonly name: string;
  /** Throws a `StartError` if the user can mend the reason. Stops early when the signal fires. */
  start(signal: AbortSignal): Promise<Running>;
}
