namespace Aspire.Hosting.Tests;

/// <summary>The sample, run as it was built.</summary>
internal sealed class ChatProject : IProjectMetadata
{
    public string ProjectPath => Samples.Project("Chat");

    public bool SuppressBuild => true;
}
