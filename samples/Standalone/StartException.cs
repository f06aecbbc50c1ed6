namespace Standalone;

/// <summary>The topology cannot start; the message is one line for the user.</summary>
internal sealed class StartException(string message) : Exception(message);
