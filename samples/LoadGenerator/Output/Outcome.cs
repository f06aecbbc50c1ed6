namespace LoadGenerator.Output;

internal enum Outcome
{
    Passed,

    Failed,

    Skipped,
}
