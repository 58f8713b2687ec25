export interface Suite {
  readonly files?: readonly string[];
  readonly again?: readonly string[];
  readonly timeout: number;
  readonly workers: number;
  readonly setUp?: string;
  readonly built?: true;
}

export declare const SUITES: Readonly<Record<string, Suite>>;
export declare function names(glob: string, file: string): boolean;
export declare function suiteOf(file: string): string;
