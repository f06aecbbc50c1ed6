namespace Aspire.Hosting.Tests;

/// <summary>The sample, run as it was built: many builds at the start take minutes on a small machine.</summary>
internal sealed class CatalogProject : IProjectMetadata
{
    public string ProjectPath => Samples.Project("Catalog");

    public bool SuppressBuild => true;
}
