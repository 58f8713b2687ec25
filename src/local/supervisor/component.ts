/** A part of the system as the supervisor sees it: something that starts, may end by itself, and can be stopped. */
export interface Running {
  readonly pid: number;
  /** Where it is reached. */
  readonly where: string;
  /** Resolves once it is gone, with how: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
  /** Returns once it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): void;
}

export interface Component {
  readonly name: string;
  /** Throws a `StartError` where the reason is one that somebody can mend. Stops early when the signal fires. */
  start(signal: AbortSignal): Promise<Running>;
}
