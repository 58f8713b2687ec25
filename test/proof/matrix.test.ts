import { describeMatrix } from './matrix.js';

describeMatrix('Every step × every fault', 1);
