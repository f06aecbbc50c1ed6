namespace LoadGenerator;

/// <summary>This machine cannot run a step; the message says what it lacks.</summary>
internal sealed class SkipException(string message) : Exception(message);
