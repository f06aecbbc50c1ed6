namespace Chat;

/// <summary>What somebody said.</summary>
/// <param name="Replica">The replica that passed it on.</param>
/// <param name="From">The first characters of the speaker's connection.</param>
/// <param name="Text">The words.</param>
internal sealed record Message(string Replica, string From, string Text);
