namespace Echo;

/// <summary>A port that cannot be used; the message names the variable, its value and what is allowed.</summary>
internal sealed class InvalidPortException(string message) : Exception(message);
