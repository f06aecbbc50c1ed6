using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Tests;

/// <summary>A project that is run as it is: these tests have built it, and a dozen builds at the start take minutes on a small machine.</summary>
internal sealed class BuiltProject(string path) : IProjectMetadata
{
    public string ProjectPath => path;

    public bool SuppressBuild => true;

    /// <summary>Lets all projects of a model run as they are.</summary>
    public static void UseFor(IEnumerable<IResource> resources)
    {
        foreach (var project in resources.OfType<ProjectResource>())
        {
            var metadata = project.Annotations.OfType<IProjectMetadata>().Single();
            project.Annotations.Remove(metadata);
            project.Annotations.Add(new BuiltProject(metadata.ProjectPath));
        }
    }
}
