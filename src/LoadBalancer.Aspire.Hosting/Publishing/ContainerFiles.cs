using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The folder that a balancer's image is built from: Dockerfile, program, configuration.</summary>
internal static class ContainerFiles
{
    public const string Configuration = "loadbalancer.json";
    public const string Program = "server";

    private const string Dockerfile = "Dockerfile";
    private const string KeyMark = "PRIVATE KEY";

    // The runtime that the program was built for.
    private static readonly string DefaultImage = $"mcr.microsoft.com/dotnet/aspnet:{Environment.Version.ToString(2)}";

    /// <returns>The text of the Dockerfile.</returns>
    /// <exception cref="DistributedApplicationException">The program is missing, or a file that must not be in an image.</exception>
    public static async Task<string> WriteAsync(string folder, PublishedConfiguration configuration, IResource container, CancellationToken cancellationToken)
    {
        ServerFiles.ThrowIfMissing(ServerFiles.Program);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(ServerFiles.Directory, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Program, Path.GetRelativePath(ServerFiles.Directory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        foreach (var (target, source) in configuration.Copies)
        {
            await CopyAsync(source, Path.Combine(folder, target), cancellationToken);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, Configuration), configuration.File.ToJson(), cancellationToken);
        var dockerfile = Text(configuration, ImageOf(container));
        await File.WriteAllTextAsync(Path.Combine(folder, Dockerfile), dockerfile, cancellationToken);
        return dockerfile;
    }

    private static string Text(PublishedConfiguration configuration, string image)
    {
        string[] lines =
        [
            $"FROM {image}",
            $"WORKDIR {PublishedConfiguration.Folder}",
            // The image would have ASP.NET Core listen here; the balancer listens where its listeners say.
            "ENV ASPNETCORE_HTTP_PORTS=\"\"",
            $"COPY {Program}/ ./",
            $"COPY {Configuration} ./",
            .. configuration.Copies.Count > 0 ? ["COPY ca/ ./ca/"] : Array.Empty<string>(),
            "USER $APP_UID",
            $"ENTRYPOINT [\"dotnet\", \"LoadBalancer.Server.dll\", \"--config\", \"{PublishedConfiguration.Folder}/{Configuration}\"]",
            "",
        ];
        return string.Join('\n', lines);
    }

    private static string ImageOf(IResource container)
    {
        // Base images are experimental in Aspire 13.5; who sets one means it.
#pragma warning disable ASPIREDOCKERFILEBUILDER001
        return container.TryGetLastAnnotation<DockerfileBaseImageAnnotation>(out var image) && image.RuntimeImage is { } own ? own : DefaultImage;
#pragma warning restore ASPIREDOCKERFILEBUILDER001
    }

    private static async Task CopyAsync(string source, string target, CancellationToken cancellationToken)
    {
        string text;
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(source, cancellationToken);
            text = System.Text.Encoding.Latin1.GetString(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"Cannot read the certificate authorities in '{source}': {e.Message}", e);
        }

        if (text.Contains(KeyMark, StringComparison.Ordinal))
        {
            throw new DistributedApplicationException($"'{source}' has a private key and is not copied into an image; certificate authorities must be in a file without one.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await File.WriteAllBytesAsync(target, bytes, cancellationToken);
    }
}
