import { describeMatrix } from './matrix.js';

describeMatrix('Every step × every fault, every call sent twice', 2);
